//! Reading the values of variables from the command line and from files.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use crate::error::Error;

/// The values that `--variable` gave, the last one of a name winning.
///
/// Each is `KEY=VALUE`, `KEY=@FILE` (the file's text, whole), or `@FILE.json` or `@FILE.toml` (a table of text). An
/// argument that is none of these is not shown in the error: it may be a secret.
pub(crate) fn parse(arguments: &[String]) -> Result<BTreeMap<String, String>, Error> {
    let mut values = BTreeMap::new();
    for argument in arguments {
        if let Some(path) = argument.strip_prefix('@') {
            values.extend(table(Path::new(path))?);
        } else if let Some((name, value)) = argument.split_once('=') {
            let value = match value.strip_prefix('@') {
                Some(path) => read(Path::new(path))?,
                None => value.to_owned(),
            };
            values.insert(name.to_owned(), value);
        } else {
            return Err(Error::Variable(
                "--variable must be KEY=VALUE, KEY=@FILE, @FILE.json or @FILE.toml".to_owned(),
            ));
        }
    }
    Ok(values)
}

/// The environment variables in the file at `path`.
pub(crate) fn dotenv(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let text = read(path)?;
    dotenvy::from_read_iter(text.as_bytes()).collect::<Result<_, _>>().map_err(|error| {
        // The error's own text quotes the line, which may hold a secret.
        let offset = match error {
            dotenvy::Error::LineParse(line, _) => text.find(&line),
            _ => None,
        };
        Error::configuration(path, &text, offset, "not a line of the form NAME=VALUE")
    })
}

fn table(path: &Path) -> Result<BTreeMap<String, String>, Error> {
    let wrong = |text: &str, offset| Error::configuration(path, text, offset, "not a table of names and text");
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => {
            let text = read(path)?;
            serde_json::from_str(&text).map_err(|_| wrong(&text, None))
        }
        Some("toml") => {
            let text = read(path)?;
            toml::from_str(&text).map_err(|error| wrong(&text, error.span().map(|span| span.start)))
        }
        _ => {
            Err(Error::Variable(format!("--variable @{}: a file of variables ends in .json or .toml", path.display())))
        }
    }
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::Read {
        path: PathBuf::from(path),
        source,
        hint: "; it should hold values of variables",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_an_argument() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("the file is written");
            path.display().to_string()
        };
        let text = file("text", "from a file\n");
        let json = file("v.json", r#"{"c": "json"}"#);
        let toml = file("v.toml", "d = 'toml'");
        let arguments =
            ["a=b=c".to_owned(), format!("b=@{text}"), format!("@{json}"), format!("@{toml}"), "e=".to_owned()];
        let values = parse(&arguments).expect("the arguments are right");
        let expected = [("a", "b=c"), ("b", "from a file\n"), ("c", "json"), ("d", "toml"), ("e", "")];
        assert_eq!(values, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn errors_keep_values_secret() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("v.json");
        fs::write(&path, r#"{"c": "hush"#).expect("the file is written");
        for argument in ["hush".to_owned(), format!("@{}", path.display()), "@hush".to_owned()] {
            let message = parse(std::slice::from_ref(&argument)).expect_err(&argument).to_string();
            assert!(!message.contains("hush") || argument == "@hush", "{message}");
        }
        fs::write(&path, "A=b\nhush hush\n").expect("the file is written");
        let message = dotenv(&path).expect_err("the file is wrong").to_string();
        assert!(message.contains(":2:") && !message.contains("hush"), "{message}");
    }

    #[test]
    fn dotenv_files_are_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(".env");
        fs::write(&path, "# comment\nA=b\nC='d e'\n").expect("the file is written");
        let expected = [("A", "b"), ("C", "d e")];
        assert_eq!(
            dotenv(&path).expect("the file is right"),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
        );
    }
}
