//! Writes the files of the API page into the folder that its argument names, for the component to serve at `/docs`: what
//! the page needs of Swagger UI, what makes it ours, and the OpenAPI document. The same project gives the same bytes.

use std::error::Error;
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use redstart::rest::docs;
use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// The folder of Swagger UI within its archive.
const RELEASE: &str = "swagger-ui-5.32.6";

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        eprintln!("redstart-page: the argument is the folder to write, target/page in spin.toml");
        return ExitCode::FAILURE;
    };
    match write(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("redstart-page: {}: {error}", Path::new(&folder).display());
            ExitCode::FAILURE
        }
    }
}

/// Writes every file that the component serves.
fn write(folder: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for file in [docs::PAGE, docs::DOCUMENT].iter().chain(&docs::PARTS) {
        fs::write(folder.join(file.name), content(file.name)?)?;
    }
    Ok(())
}

fn content(name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    match name {
        "index.html" => Ok(include_bytes!("../index.html").into()),
        "page.css" => Ok(include_bytes!("../page.css").into()),
        "page.js" => Ok(include_bytes!("../page.js").into()),
        "openapi.json" => Ok(redstart::openapi::document().to_json()?.into_bytes()),
        "LICENSE" | "NOTICE" => of_swagger_ui(name),
        _ => of_swagger_ui(&format!("dist/{name}")),
    }
}

fn of_swagger_ui(path: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED))?;
    let mut file = archive.by_name(&format!("{RELEASE}/{path}"))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_written_and_each_time_the_same() {
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for folder in &folders {
            write(folder.path()).unwrap();
        }
        let [first, second] = folders.map(|folder| {
            let mut files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            files.into_iter().map(|file| fs::read(file).unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(first.len(), docs::PARTS.len() + 2);
        assert!(first == second);
    }
}
