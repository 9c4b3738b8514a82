//! Gender as a person states it. Never derived from anything; none stated is the default and stays so.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// A stated gender. Where none was stated there is no value, which is not the same as [`Gender::Undisclosed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Gender {
    /// 男.
    #[serde(rename = "M")]
    Male,
    /// 女.
    #[serde(rename = "F")]
    Female,
    /// 其他.
    #[serde(rename = "O")]
    Other,
    /// 不願透露: asked, and declined to say.
    #[serde(rename = "N")]
    Undisclosed,
}

/// A text that states no gender known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not one of M, F, O, N or blank")]
pub struct NotAGender;

impl Gender {
    /// Every value, in the order of the tables.
    pub const ALL: [Self; 4] = [Self::Male, Self::Female, Self::Other, Self::Undisclosed];

    /// The letter that is stored.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Male => "M",
            Self::Female => "F",
            Self::Other => "O",
            Self::Undisclosed => "N",
        }
    }

    /// From the stored letter, exactly.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gender| gender.code() == code)
    }

    /// Reads what rosters write. Blank is `None`: nothing was stated.
    ///
    /// # Errors
    /// [`NotAGender`] for anything else; nothing is guessed.
    pub fn read(text: &str) -> Result<Option<Self>, NotAGender> {
        let plain = text.nfkc().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        match plain.as_str() {
            "" => Ok(None),
            "男" | "男性" | "m" | "male" => Ok(Some(Self::Male)),
            "女" | "女性" | "f" | "female" => Ok(Some(Self::Female)),
            "其他" | "其它" | "o" | "other" => Ok(Some(Self::Other)),
            "不願透露" | "不透露" | "n" | "undisclosed" | "prefernottosay" => {
                Ok(Some(Self::Undisclosed))
            }
            _ => Err(NotAGender),
        }
    }
}
