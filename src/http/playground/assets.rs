//! The files that the page loads, from npm packages, pinned by version and hash.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{SHA384, digest};
use axum::{
    Router,
    body::Bytes,
    http::{HeaderName, header},
    routing::get,
};
use base64::{Engine, prelude::BASE64_STANDARD};

const CDN: &str = "https://unpkg.com";
/// The path of the files on this server.
const OWN: &str = "/playground";

struct File {
    package: &'static str,
    version: &'static str,
    path: &'static str,
    /// In base64, for subresource integrity.
    sha384: &'static str,
}

/// In the order in which a browser has to load them.
const FILES: [File; 5] = [
    File {
        package: "graphiql",
        version: "4.1.2",
        path: "graphiql.min.css",
        sha384: "1el1QShFBnnXTx9x/Cprg82hZWKt0ry29OAYIXt05swbi0KcZDFoj0CWguMpopJr",
    },
    File {
        package: "react",
        version: "18.3.1",
        path: "umd/react.production.min.js",
        sha384: "DGyLxAyjq0f9SPpVevD6IgztCFlnMF6oW/XQGmfe+IsZ8TqEiDrcHkMLKI6fiB/Z",
    },
    File {
        package: "react-dom",
        version: "18.3.1",
        path: "umd/react-dom.production.min.js",
        sha384: "gTGxhz21lVGYNMcdJOyq01Edg0jhn/c22nsx0kyqP0TxaV5WVdsSH1fSDUf5YJj1",
    },
    File {
        package: "graphql-ws",
        version: "6.4.2",
        path: "umd/graphql-ws.min.js",
        sha384: "mxvR4Mzbsb6QVx/9xI2gtQikQA6m8zMDBFnu3l//4/ROsWt7y2sUGWd+/tYQqDm7",
    },
    File {
        package: "graphiql",
        version: "4.1.2",
        path: "graphiql.min.js",
        sha384: "9XdHu7ajgGJziD4J1zNBKQ842Q/+zZfDv+ib1eMhZWBH6hPAs806x+Jbcf0yNO6B",
    },
];

/// The source of the files.
#[derive(Clone, Debug, Default)]
pub enum Assets {
    #[default]
    Cdn,
    /// This server, which has read them at the start.
    Server {
        folder: PathBuf,
        /// The contents of [`FILES`], in the same order.
        contents: Vec<Bytes>,
    },
}

impl Assets {
    /// Reads the files in a folder of packages, such as `node_modules`.
    ///
    /// # Errors
    /// A message for each file that cannot be read or does not have the pinned hash.
    pub fn read(folder: &str) -> Result<Self, Vec<String>> {
        let folder = PathBuf::from(folder);
        let (mut contents, mut errors) = (Vec::new(), Vec::new());
        for file in &FILES {
            match file.read(&folder) {
                Ok(content) => contents.push(content),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() { Ok(Self::Server { folder, contents }) } else { Err(errors) }
    }

    /// The HTML elements that load the files, with the placeholder `{{nonce}}`.
    pub fn elements(&self) -> String {
        let base = match self {
            Self::Cdn => CDN,
            Self::Server { .. } => OWN,
        };
        FILES.iter().map(|file| file.element(base)).collect()
    }

    /// A route for each file, if this server has them.
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        let contents = match self {
            Self::Cdn => &[][..],
            Self::Server { contents, .. } => contents,
        };
        FILES.iter().zip(contents).fold(Router::new(), |router, (file, content)| {
            let headers: [(HeaderName, &str); 2] = [
                (header::CONTENT_TYPE, file.media_type()),
                // Another version has another URL.
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            ];
            router.route(&file.url(OWN), get((headers, content.clone())))
        })
    }
}

/// For the list of settings.
impl fmt::Display for Assets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cdn => f.write_str(CDN),
            Self::Server { folder, .. } => folder.display().fmt(f),
        }
    }
}

impl File {
    fn read(&self, folder: &Path) -> Result<Bytes, String> {
        let Self { package, version, path, sha384 } = self;
        let file = folder.join(package).join(path);
        let content = fs::read(&file).map_err(|error| {
            format!("{} of {package}@{version} cannot be read ({error})", file.display())
        })?;
        if BASE64_STANDARD.encode(digest(&SHA384, &content)) != *sha384 {
            return Err(format!("{} is not the file of {package}@{version}", file.display()));
        }
        Ok(content.into())
    }

    fn is_style(&self) -> bool {
        Path::new(self.path).extension().is_some_and(|extension| extension == "css")
    }

    fn media_type(&self) -> &'static str {
        if self.is_style() { "text/css; charset=utf-8" } else { "text/javascript; charset=utf-8" }
    }

    /// The URL, in the layout that unpkg uses.
    fn url(&self, base: &str) -> String {
        let Self { package, version, path, .. } = self;
        format!("{base}/{package}@{version}/{path}")
    }

    fn element(&self, base: &str) -> String {
        let url = self.url(base);
        let pinned = format!(
            r#"integrity="sha384-{}" crossorigin="anonymous" nonce="{{{{nonce}}}}""#,
            self.sha384
        );
        if self.is_style() {
            format!("<link rel=\"stylesheet\" href=\"{url}\" {pinned}>\n")
        } else {
            format!("<script src=\"{url}\" {pinned}></script>\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::FILES;

    #[test]
    fn the_documented_command_and_the_tests_install_the_pinned_versions() {
        let packages: BTreeMap<_, _> =
            FILES.iter().map(|file| (file.package, file.version)).collect();
        let pinned: Vec<_> =
            packages.iter().map(|(package, version)| format!("{package}@{version}")).collect();
        let command = format!("npm install --prefix playground {}\n", pinned.join(" "));
        assert!(include_str!("../../../README.md").contains(&command), "{command}");

        let tests = include_str!("../../../tests/clients/package.json");
        let tests: serde_json::Value = serde_json::from_str(tests).unwrap();
        for (package, version) in packages {
            assert_eq!(tests["dependencies"][package], version, "{package}");
        }
    }
}
