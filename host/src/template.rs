//! Spin's templates: text in which `{{ name }}` stands for a variable of the application.

use std::str::FromStr;

/// A parsed template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Text(String),
    Variable(String),
}

/// A template whose braces do not match.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{{{{` without `}}}}`")]
pub(crate) struct UnmatchedBraces;

impl FromStr for Template {
    type Err = UnmatchedBraces;

    fn from_str(mut rest: &str) -> Result<Self, UnmatchedBraces> {
        let mut parts = Vec::new();
        while let Some((text, expression)) = rest.split_once("{{") {
            let (name, after) = expression.split_once("}}").ok_or(UnmatchedBraces)?;
            if !text.is_empty() {
                parts.push(Part::Text(text.to_owned()));
            }
            parts.push(Part::Variable(name.trim().to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }
}

impl Template {
    /// The names of the variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The text with each variable replaced, or the name of the first that `lookup` does not know.
    pub fn render<'a>(&'a self, lookup: impl Fn(&str) -> Option<&'a str>) -> Result<String, &'a str> {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => Ok(text.as_str()),
                Part::Variable(name) => lookup(name).ok_or(name.as_str()),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn render(template: &str) -> Result<String, String> {
        let template: Template = template.parse().map_err(|error: UnmatchedBraces| error.to_string())?;
        template.render(|name| (name == "host").then_some("h")).map_err(|name| format!("unknown {name}"))
    }

    #[test]
    fn variables_are_replaced() {
        for (template, rendered) in [
            ("", Ok("")),
            ("plain } {", Ok("plain } {")),
            ("{{host}}", Ok("h")),
            ("redis://{{ host }}:1{{ host }}", Ok("redis://h:1h")),
            ("{{ port }}", Err("unknown port")),
            ("{{ }}", Err("unknown ")),
            ("a {{ b", Err("`{{` without `}}`")),
        ] {
            assert_eq!(render(template).as_deref().map_err(String::as_str), rendered, "{template}");
        }
    }

    proptest! {
        #[test]
        fn text_without_opening_braces_is_itself(text in "[^{]*") {
            prop_assert_eq!(render(&text), Ok(text));
        }

        #[test]
        fn a_value_is_not_expanded_again(before in "[^{]*", after in "[^{]*") {
            let template: Template = format!("{before}{{{{x}}}}{after}").parse().expect("braces match");
            prop_assert_eq!(template.render(|_| Some("{{ y }}")), Ok(format!("{before}{{{{ y }}}}{after}")));
        }
    }
}
