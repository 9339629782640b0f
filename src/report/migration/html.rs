//! Migrations on a page of their own: one file, nothing loaded from elsewhere.

use super::{
    markdown::word,
    told::{Cell, Section, Stands, Told, Tone},
};
use crate::report::clean::for_html;

const STYLE: &str = include_str!("migration.css");

/// Every migration, one after the other.
pub fn page(all: &[Told]) -> String {
    let contents: String = all
        .iter()
        .enumerate()
        .map(|(index, told)| {
            format!(
                "<li><a href=\"#m{index}\">{}</a> <span class=\"outcome {1}\">{1}</span>\n",
                for_html(&told.title),
                word(told.outcome)
            )
        })
        .collect();
    let contents = match all.len() {
        0 | 1 => String::new(),
        _ => format!("<ol>\n{contents}</ol>\n"),
    };
    let articles: String = all.iter().enumerate().map(article).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Migrations</title>\n<style>\n{STYLE}</style>\n\
         <h1>Migrations</h1>\n{contents}{articles}</html>\n"
    )
}

fn article((index, told): (usize, &Told)) -> String {
    let sections: String = told.sections.iter().map(section).collect();
    format!(
        "<article id=\"m{index}\">\n<h2>{} <span class=\"outcome {1}\">{1}</span></h2>\n<p class=\"summary\">{2}\n\
         {sections}</article>\n",
        for_html(&told.title),
        word(told.outcome),
        for_html(&told.summary)
    )
}

fn section(section: &Section) -> String {
    let says = match section.says.is_empty() {
        true => String::new(),
        false => format!("<p>{}\n", for_html(&section.says)),
    };
    let heads: String = section
        .heads
        .iter()
        .map(|(head, stands)| format!("<th{}>{}", side(*stands), for_html(head)))
        .collect();
    let rows: String = section
        .rows
        .iter()
        .map(|row| {
            let cells = row.iter().zip(&section.heads);
            let cells: String = cells
                .map(|(cell, (_, stands))| of_cell(cell, *stands))
                .collect();
            format!("<tr>{cells}\n")
        })
        .collect();
    format!(
        "<h3>{}</h3>\n{says}<div class=\"wide\"><table>\n<thead><tr>{heads}\n<tbody>\n{rows}</table></div>\n",
        section.title
    )
}

fn side(stands: Stands) -> &'static str {
    match stands {
        Stands::Left => "",
        Stands::Right => " class=\"number\"",
    }
}

fn of_cell(cell: &Cell, stands: Stands) -> String {
    let lines = cell.text.lines().map(for_html);
    let text = lines.collect::<Vec<_>>().join("<br>");
    let text = match cell.tone {
        _ if text.is_empty() => text,
        Tone::Plain => text,
        Tone::Good => format!("<span class=\"good\">{text}</span>"),
        Tone::Costly => format!("<span class=\"costly\">{text}</span>"),
        Tone::Bad => format!("<span class=\"bad\">{text}</span>"),
        Tone::Code => format!("<code>{text}</code>"),
    };
    format!("<td{}>{text}", side(stands))
}
