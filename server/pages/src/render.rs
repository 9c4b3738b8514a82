//! Turns a shell and a context into a page.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use minijinja::value::{Kwargs, Rest, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, context};
use rust_embed::RustEmbed;

use crate::contexts::{Locale, Page, Problem, Shell};
use crate::registry::{Sample, TEMPLATES};
use crate::texts::Catalog;
use crate::{format, prose};

#[derive(RustEmbed)]
#[folder = "templates/"]
struct Templates;

#[derive(RustEmbed)]
#[folder = "locales/"]
struct Locales;

/// Why a page could not be made. Each is a fault of the program, never of the person who looks.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// A template named by a page does not exist or does not compile.
    #[error("template {name} cannot be used")]
    Template {
        /// Its name.
        name: String,
        /// What minijinja says.
        #[source]
        source: Error,
    },
    /// A locale file is missing or no JSON.
    #[error("locale file {name} cannot be read: {detail}")]
    Locale {
        /// Its name.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// A template asked for something that its context does not have.
    #[error("page {name} cannot be rendered")]
    Render {
        /// Template name.
        name: String,
        /// What minijinja says.
        #[source]
        source: Error,
    },
}

/// All templates and texts, ready to render. Cheap to share behind an `Arc`.
pub struct Pages {
    environments: [Environment<'static>; 2],
    catalog: Arc<Catalog>,
    used: Arc<Mutex<BTreeSet<String>>>,
}

fn embedded(name: &str) -> Option<String> {
    Templates::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned())
}

fn fault(detail: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail)
}

impl Pages {
    /// Templates and texts as they were compiled in.
    ///
    /// # Errors
    /// If a template of a page is missing or broken, or a locale file is no JSON.
    pub fn new() -> Result<Self, PagesError> {
        let locale = |name: &str| {
            Locales::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned()).ok_or_else(|| {
                PagesError::Locale { name: name.to_owned(), detail: "not compiled in".to_owned() }
            })
        };
        Self::build(&locale("zh-TW.json")?, &locale("en.json")?, None)
    }

    /// Templates and texts from a folder that holds `templates/` and `locales/`; templates are read again at each
    /// page. For work on the pages only.
    ///
    /// # Errors
    /// As [`Pages::new`], and if a file cannot be read.
    pub fn from_folder(folder: impl Into<PathBuf>) -> Result<Self, PagesError> {
        let folder = folder.into();
        let locale = |name: &str| {
            std::fs::read_to_string(folder.join("locales").join(name))
                .map_err(|error| PagesError::Locale { name: name.to_owned(), detail: error.to_string() })
        };
        let (zh, en) = (locale("zh-TW.json")?, locale("en.json")?);
        Self::build(&zh, &en, Some(folder.join("templates")))
    }

    fn build(zh: &str, en: &str, folder: Option<PathBuf>) -> Result<Self, PagesError> {
        let catalog = Catalog::parse(zh, en).map(Arc::new).map_err(|error| PagesError::Locale {
            name: "zh-TW.json or en.json".to_owned(),
            detail: error.to_string(),
        })?;
        let used = Arc::new(Mutex::new(BTreeSet::new()));
        let environments =
            [Locale::ZhTw, Locale::En].map(|locale| environment(locale, &catalog, &used, folder.clone()));
        let pages = Self { environments, catalog, used };
        for name in TEMPLATES {
            for environment in &pages.environments {
                environment
                    .get_template(name)
                    .map_err(|source| PagesError::Template { name: (*name).to_owned(), source })?;
            }
        }
        Ok(pages)
    }

    /// Sets what is appended to the addresses of assets, so that a browser fetches new ones after an update.
    #[must_use]
    pub fn with_asset_version(mut self, version: &str) -> Self {
        for environment in &mut self.environments {
            environment.add_global("asset_version", Value::from(version.to_owned()));
        }
        self
    }

    fn environment(&self, locale: Locale) -> &Environment<'static> {
        match locale {
            Locale::ZhTw => &self.environments[0],
            Locale::En => &self.environments[1],
        }
    }

    /// Renders a page.
    ///
    /// # Errors
    /// [`PagesError::Render`] if the template asks for a field or a text that does not exist.
    pub fn render<P: Page>(&self, shell: &Shell, page: &P) -> Result<String, PagesError> {
        self.render_value(P::TEMPLATE, shell, Value::from(Serde(page)))
    }

    fn render_value(&self, name: &str, shell: &Shell, page: Value) -> Result<String, PagesError> {
        let fail = |source| PagesError::Render { name: name.to_owned(), source };
        let environment = self.environment(shell.locale);
        let template = environment.get_template(name).map_err(fail)?;
        let shell_value = Value::from(Serde(shell));
        template.render(context! { shell => shell_value, page => page }).map_err(fail)
    }

    /// Renders every sample of a page, for tests and the preview.
    ///
    /// # Errors
    /// As [`Pages::render`].
    pub fn render_samples(&self, shell: &Shell, sample: &Sample) -> Result<Vec<String>, PagesError> {
        sample.values.iter().map(|value| self.render_value(sample.template, shell, value.clone())).collect()
    }

    /// A text by its whole key (`error.CODE`, `flash.CODE`, `cli.CODE`, …). A key that does not exist is returned
    /// itself: a person then at least sees which word is missing.
    #[must_use]
    pub fn text(&self, locale: Locale, key: &str, args: &BTreeMap<String, String>) -> String {
        self.catalog
            .fill(locale, key, |name| args.get(name).map(|value| Cow::from(value.clone())))
            .unwrap_or_else(|| key.to_owned())
    }

    /// What a problem says, as on the pages.
    #[must_use]
    pub fn problem(&self, locale: Locale, problem: &Problem) -> String {
        problem_text(&self.catalog, locale, &problem.code, &problem.args)
    }

    /// What a reason of the ledger says. `names` gives titles for the ids in it.
    #[must_use]
    pub fn reason(
        &self,
        locale: Locale,
        reason: &scoreboard::Reason,
        names: &BTreeMap<String, String>,
    ) -> String {
        reason_text(&self.catalog, locale, &reason.rule, &reason.args, names)
    }

    /// All texts.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Keys that were looked up by rendering so far; the tests compare them with the locale files.
    #[must_use]
    pub fn used_keys(&self) -> BTreeSet<String> {
        self.used.lock().map(|used| used.clone()).unwrap_or_default()
    }
}

fn problem_text(catalog: &Catalog, locale: Locale, code: &str, args: &BTreeMap<String, String>) -> String {
    // Where a near word is known, there is a second text that names it.
    let near = format!("error.{code}_like");
    let known = args.contains_key("suggestion") && catalog.get(locale, &near).is_some();
    let key = if known { near } else { format!("error.{code}") };
    catalog
        .fill(locale, &key, |name| {
            // A word that is itself a key (a launch step, a state) is translated.
            let value = args.get(name)?;
            let word = catalog.get(locale, &format!("value.{name}.{value}"));
            Some(Cow::from(word.map_or_else(|| value.clone(), str::to_owned)))
        })
        .or_else(|| catalog.fill(locale, "error.unknown", |_| Some(Cow::from(code.to_owned()))))
        .unwrap_or_else(|| code.to_owned())
}

fn reason_text(
    catalog: &Catalog,
    locale: Locale,
    rule: &str,
    args: &BTreeMap<String, String>,
    names: &BTreeMap<String, String>,
) -> String {
    let value = |name: &str| -> Option<Cow<'static, str>> {
        let value = args.get(name)?;
        // The image `www` is not the host `www`, and what somebody said stays as it was said.
        let known = names
            .get(value)
            .filter(|_| !matches!(name, "image" | "images" | "said"))
            .map(String::as_str)
            .or_else(|| catalog.get(locale, &format!("value.{name}.{value}")))
            .unwrap_or(value);
        Some(Cow::from(known.to_owned()))
    };
    catalog
        .fill(locale, &format!("rule.{rule}"), value)
        .or_else(|| catalog.fill(locale, "rule.unknown", |_| Some(Cow::from(rule.to_owned()))))
        .unwrap_or_else(|| rule.to_owned())
}

fn strings(value: &Value) -> BTreeMap<String, String> {
    let mut map = BTreeMap::new();
    if let Ok(keys) = value.try_iter() {
        for key in keys {
            if let Ok(item) = value.get_item(&key) {
                map.insert(key.to_string(), item.to_string());
            }
        }
    }
    map
}

fn text_of(value: &Value, name: &str) -> Result<String, Error> {
    value.get_attr(name)?.as_str().map(str::to_owned).ok_or_else(|| fault(format!("{name} is no text")))
}

fn environment(
    locale: Locale,
    catalog: &Arc<Catalog>,
    used: &Arc<Mutex<BTreeSet<String>>>,
    folder: Option<PathBuf>,
) -> Environment<'static> {
    let mut env = Environment::new();
    // Every template is HTML, whatever its name.
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_loader(move |name| {
        Ok(match &folder {
            Some(folder) => std::fs::read_to_string(folder.join(name)).ok(),
            None => embedded(name),
        })
    });
    env.add_global("asset_version", Value::from("0"));

    let (texts, seen) = (Arc::clone(catalog), Arc::clone(used));
    env.add_function("t", move |key: String, args: Kwargs| -> Result<String, Error> {
        let text = texts
            .fill(locale, &key, |name| {
                args.peek::<Value>(name).ok().map(|value| Cow::from(value.to_string()))
            })
            .ok_or_else(|| fault(format!("no text {key:?} in {}", locale.code())))?;
        if let Ok(mut seen) = seen.lock() {
            seen.insert(key);
        }
        Ok(text)
    });
    let texts = Arc::clone(catalog);
    env.add_function("problem_text", move |problem: Value| -> Result<String, Error> {
        let args = strings(&problem.get_attr("args")?);
        Ok(problem_text(&texts, locale, &text_of(&problem, "code")?, &args))
    });
    let texts = Arc::clone(catalog);
    env.add_function("reason_text", move |reason: Value, names: Value| -> Result<String, Error> {
        let args = reason.get_attr("args").map(|args| strings(&args)).unwrap_or_default();
        Ok(reason_text(&texts, locale, &text_of(&reason, "rule")?, &args, &strings(&names)))
    });
    let texts = Arc::clone(catalog);
    // Texts below a prefix as one object, for scripts that show them.
    env.add_function("texts", move |prefixes: Rest<String>| -> Value {
        texts
            .keys(locale)
            .filter(|key| prefixes.iter().any(|prefix| key.starts_with(prefix.as_str())))
            .map(|key| (key.to_owned(), texts.get(locale, key).unwrap_or_default().to_owned()))
            .collect::<BTreeMap<_, _>>()
            .into()
    });
    env.add_function("field_problem", |problems: Value, field: String| -> Result<Value, Error> {
        for problem in problems.try_iter()? {
            if problem.get_attr("field")?.as_str() == Some(&field) {
                return Ok(problem);
            }
        }
        Ok(Value::from(()))
    });
    let texts = Arc::clone(catalog);
    env.add_filter("date_long", move |ms: i64| {
        let (roc, year, month, day) = format::date_parts(ms);
        let weekday =
            texts.get(locale, &format!("weekday.{}", format::weekday(ms))).unwrap_or_default().to_owned();
        texts
            .fill(locale, "date_long", |name| {
                Some(Cow::from(match name {
                    "roc" => roc.to_string(),
                    "year" => year.to_string(),
                    // Chinese says 5 月 13 日; the numbers of an English date have two digits.
                    "month" if locale == Locale::En => format!("{month:02}"),
                    "day" if locale == Locale::En => format!("{day:02}"),
                    "month" => month.to_string(),
                    "day" => day.to_string(),
                    _ => weekday.clone(),
                }))
            })
            .unwrap_or_default()
    });
    env.add_filter("date", move |ms: i64| format::date(locale, ms));
    env.add_filter("datetime", move |ms: i64| format!("{} {}", format::date(locale, ms), format::hm(ms)));
    env.add_filter("hm", format::hm);
    env.add_filter("hms", format::hms);
    env.add_filter("iso", format::iso);
    env.add_filter("local_input", format::local_input);
    env.add_filter("clock", format::clock);
    env.add_filter("span", format::span);
    env.add_filter("hours", format::hours);
    env.add_filter("num", format::num);
    env.add_filter("points", format::points);
    env.add_filter("permille", format::permille);
    env.add_filter("bytes", format::bytes);
    env.add_filter("seat_code", |text: String| format::seat_code(&text));
    env.add_filter("prose", |text: String| Value::from_safe_string(prose::prose(&text)));
    env
}
