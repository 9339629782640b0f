//! What is a rule's page in the manual?

use super::{Look, RULES, Rule};

/// The name of the page's file.
pub fn file_name(rule: &Rule) -> String {
    format!("{}.md", rule.code)
}

/// The page, in Markdown.
pub fn page(rule: &Rule) -> String {
    let looks_at = match rule.look {
        Look::Schema(_) => "what there is in a database",
        Look::Statement(_) => "the text of a script",
    };
    let Rule {
        code,
        title,
        condition,
        effect,
        bad,
        good,
        ..
    } = rule;
    let severity = rule.severity.word();
    format!(
        "# {code}\n\n{title}.\n\nThis rule is {severity} and looks at {looks_at}.\n\n## When\n\n{condition}\n\n\
         ## What happens\n\n{effect}\n\n## Bad\n\n```sql\n{}\n```\n\n## Good\n\n```sql\n{}\n```\n",
        bad.trim(),
        good.trim()
    )
}

/// The page that lists all rules.
pub fn overview() -> String {
    let mut out = String::from(
        "# Rules\n\nWhat `pgauge lint` and `expect: schema` look for. A *blocking* rule makes `pgauge lint` end with 1.\n\n\
         | rule | | what it says |\n|---|---|---|\n",
    );
    for rule in RULES {
        out.push_str(&format!(
            "| [{}]({}) | {} | {} |\n",
            rule.code,
            file_name(rule),
            rule.severity.word(),
            rule.title
        ));
    }
    out
}
