//! Orders that share their sessions, what is done around each of them, and outcomes of all of them.

use super::{Checker, escaped, statement::Size};
use crate::{
    isolation::interleaving_count,
    source::Diagnostic,
    spec::order::{Orders, OrdersShare},
    text::thousands,
};

/// With more interleavings than this nobody would see the end of `orders: all`.
const MOST_INTERLEAVINGS: u128 = 20_000;

impl Checker<'_> {
    /// `orders_share`, and `orders: all`, which needs it.
    pub(super) fn shared_orders(&self) {
        let scenario = self.scenario;
        match (&scenario.orders, scenario.orders_share) {
            (Orders::All(_), None) => {
                let primary = "every interleaving as a case of its own is not offered";
                let diagnostic = Diagnostic::error("orders-all", primary);
                let hint = "add \"orders_share: sessions\"";
                self.push(diagnostic.at(self.place("/orders")).hint(hint));
            }
            (Orders::All(_), Some(OrdersShare::Sessions)) => self.too_many_interleavings(),
            (Orders::Named(orders), Some(OrdersShare::Sessions)) if orders.is_empty() => {
                let primary = "there are no \"orders\" that could share anything";
                let diagnostic = Diagnostic::error("orders-share", primary);
                self.push(diagnostic.at(self.key_place("/orders_share")));
            }
            (Orders::Named(orders), Some(OrdersShare::Sessions)) => {
                let expecting = orders.iter().filter(|(_, named)| !named.expect.is_empty());
                for (name, _) in expecting {
                    let place = self.key_place(&format!("/orders/{}/expect", escaped(name)));
                    let primary =
                        "orders that share their sessions have their expectations in common";
                    let diagnostic = Diagnostic::error("orders-share", primary).at(place);
                    self.push(diagnostic.hint("move it to the \"expect\" of the scenario"));
                }
            }
            (Orders::Named(_), None) => {}
        }
    }

    fn too_many_interleavings(&self) {
        let members = self.cast.members.values();
        let lengths = members
            .flat_map(|member| std::iter::repeat_n(member.steps.len(), member.sessions() as usize));
        let count = interleaving_count(lengths);
        if count.is_some_and(|count| count <= MOST_INTERLEAVINGS) {
            return;
        }
        let count = count.and_then(|count| u64::try_from(count).ok());
        let primary = match count {
            Some(count) => format!("there are {} interleavings", thousands(count)),
            None => "there are more interleavings than can be counted".to_owned(),
        };
        let diagnostic = Diagnostic::error("orders-all", primary).at(self.place("/orders"));
        self.push(diagnostic.hint("write down those that matter"));
    }

    /// What is done around each order.
    pub(super) fn around_orders(&self) {
        for (key, texts) in [
            ("setup", &self.scenario.setup),
            ("teardown", &self.scenario.teardown),
        ] {
            self.messages(key, texts, &format!("/{key}"));
        }
    }

    /// Texts that are sent as they are, without parameters.
    pub(super) fn messages(&self, key: &str, texts: &[String], path: &str) {
        for (index, text) in texts.iter().enumerate() {
            let path = format!("{path}/{index}");
            let bound = self.sql(text, &path, Size::Any);
            if let Some(name) = bound.names.first() {
                let primary = format!("\"{key}\" has no parameters, and here is \":{name}\"");
                let place = self.parameter_place(text, name, &path);
                self.push(Diagnostic::error("parameter", primary).at(place));
            }
        }
    }

    /// An outcome of a scenario: all its orders must be one case.
    pub(super) fn outcome_of_all(&self, path: &str) {
        if path.starts_with("/orders/") {
            return;
        }
        let scenario = self.scenario;
        let primary = match (&scenario.orders, scenario.orders_share) {
            (Orders::Named(orders), _) if orders.is_empty() && scenario.order.is_none() => {
                "without an order the outcome is another one each time"
            }
            (Orders::Named(orders), None) if !orders.is_empty() => {
                "this is the outcome of all orders, and each of them is a case of its own"
            }
            _ => return,
        };
        let hint = match scenario.orders.is_empty() {
            true => "add an \"order\"",
            false => "add \"orders_share: sessions\", or say in each order what it is like",
        };
        let diagnostic = Diagnostic::error("outcome", primary);
        self.push(diagnostic.at(self.place(path)).hint(hint));
    }
}
