//! The closed lists of the register (identity of a person, level and area of an agency) and of the answers that people give
//! about themselves. Each has a stored code; its words stand in the locale files.

use unicode_normalization::UnicodeNormalization;

use super::Gender;

/// Version of the notice (個資法 art. 8) that people agree to; moves with the texts `privacy.*`, so that each consent says to
/// what it was given.
pub const NOTICE: &str = "115-11";

/// A text that is no word of a closed list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no word of the list")]
pub struct NotInTheList;

pub(super) fn plain(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase()
}

/// A closed list of words. With titles (`Word = "code" "title"`) tables print them; with ways of writing them
/// (`Word = "code" ["said"]`) they are read as people write them.
macro_rules! words {
    (@list $(#[$about:meta])* $name:ident { $($(#[$what:meta])* $word:ident = $code:literal,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$what])* $word,)* }

        impl $name {
            /// Every word, in the order of the tables.
            pub const ALL: &'static [Self] = &[$(Self::$word),*];

            /// The code that is stored and that forms send.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$word => $code,)* }
            }

            /// From the code, exactly.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.code() == code)
            }
        }
    };
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $word:ident = $code:literal $title:literal,)* }) => {
        words! { @list $(#[$about])* $name { $($(#[$what])* $word = $code,)* } }

        impl $name {
            /// As tables print it.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$word => $title,)* }
            }
        }
    };
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $word:ident = $code:literal [$($said:literal),*],)* }) => {
        words! { @list $(#[$about])* $name { $($(#[$what])* $word = $code,)* } }

        impl $name {
            /// Reads what people write; blank is `None`.
            ///
            /// # Errors
            /// [`NotInTheList`] for anything else; nothing is guessed.
            pub fn read(text: &str) -> Result<Option<Self>, NotInTheList> {
                match plain(text).as_str() {
                    "" => Ok(None),
                    $($code $(| $said)* => Ok(Some(Self::$word)),)*
                    _ => Err(NotInTheList),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotInTheList;

            fn from_str(code: &str) -> Result<Self, NotInTheList> {
                Self::from_code(code).ok_or(NotInTheList)
            }
        }
    };
}

pub(crate) use words;

words! {
    /// What a person is to the programme (身分).
    Identity {
        /// 公務人員.
        Civil = "civil" ["公務人員", "公務員", "正式人員", "civilservant"],
        /// 約聘僱.
        Contract = "contract" ["約聘僱", "約聘雇", "約聘", "約僱", "約聘僱人員", "約聘雇人員", "contractstaff"],
        /// 委外廠商.
        Vendor = "vendor" ["委外廠商", "廠商", "委外廠商人力", "contractor"],
        /// 軟體工程師.
        Engineer = "engineer" ["軟體工程師", "工程師", "softwareengineer"],
        /// 學生.
        Student = "student" ["學生"],
    }
}

impl Identity {
    /// As tables print it and rosters write it.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Civil => "公務人員",
            Self::Contract => "約聘僱",
            Self::Vendor => "委外廠商",
            Self::Engineer => "軟體工程師",
            Self::Student => "學生",
        }
    }
}

words! {
    /// Responsibility level of an agency (資通安全責任等級).
    Level {
        /// A級.
        A = "A" ["a", "a級"],
        /// B級.
        B = "B" ["b", "b級"],
        /// C級.
        C = "C" ["c", "c級"],
        /// D級.
        D = "D" ["d", "d級"],
        /// E級.
        E = "E" ["e", "e級"],
    }
}

words! {
    /// Where an agency lies.
    Area {
        /// 縣治.
        Seat = "seat" ["縣治"],
        /// 一般鄉鎮.
        Plain = "plain" ["一般鄉鎮", "一般"],
        /// 偏遠/離島.
        Remote = "remote" ["偏遠/離島", "偏遠", "離島", "偏遠離島"],
    }
}

words! {
    /// Age of a person, as they state it.
    Age {
        /// 未滿30.
        Under30 = "29" [],
        /// 30-39.
        Thirties = "30" [],
        /// 40-49.
        Forties = "40" [],
        /// 50-59.
        Fifties = "50" [],
        /// 60以上.
        Sixty = "60" [],
        /// 不願透露.
        Undisclosed = "N" ["n"],
    }
}

words! {
    /// Where a person serves or lives, as they state it.
    HomeArea {
        /// 縣治.
        Seat = "seat" [],
        /// 一般鄉鎮.
        Plain = "plain" [],
        /// 偏遠/離島.
        Remote = "remote" [],
        /// 不願透露.
        Undisclosed = "N" ["n"],
    }
}

words! {
    /// Indigenous status (族群), as a person states it.
    Indigenous {
        /// 非原住民.
        None = "none" [],
        /// 平地原住民.
        Plain = "plain" [],
        /// 山地原住民.
        Mountain = "mountain" [],
        /// 新住民.
        New = "new" [],
        /// 不願透露.
        Undisclosed = "N" ["n"],
    }
}

words! {
    /// Disability (障礙情形), as a person states it.
    Disability {
        /// 無.
        No = "no" [],
        /// 有.
        Yes = "yes" [],
        /// 不願透露.
        Undisclosed = "N" ["n"],
    }
}

/// What a person states about themselves for the statistics. All of it is optional; `None` means that nothing was stated.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Answers {
    /// Gender.
    pub gender: Option<Gender>,
    /// Age.
    pub age: Option<Age>,
    /// Where they serve or live.
    pub area: Option<HomeArea>,
    /// Indigenous status.
    pub indigenous: Option<Indigenous>,
    /// Disability.
    pub disability: Option<Disability>,
}

impl std::fmt::Debug for Answers {
    /// Says nothing of them, so that they cannot reach a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answers(…)")
    }
}

impl Answers {
    /// Nothing stated at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A staff number as two clerks may have typed it: width, case, hyphens and leading zeros made alike. Only for proposing
/// that two people are one.
#[must_use]
pub fn number_alike(staff_no: &str) -> String {
    let plain: String = staff_no.nfkc().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let digits = plain.find(|c: char| c.is_ascii_digit()).unwrap_or(plain.len());
    let (letters, number) = plain.split_at(digits);
    format!("{letters}{}", number.trim_start_matches('0'))
}

/// A name or an agency as two clerks may have typed it: width, case and spaces made alike. Only for proposing.
#[must_use]
pub fn name_alike(name: &str) -> String {
    plain(name)
}

/// Is this an e-mail address by its look? It is not tried.
#[must_use]
pub fn is_email(text: &str) -> bool {
    let Some((user, host)) = text.split_once('@') else { return false };
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '@' | ',' | ';' | '<' | '>' | '"');
    text.len() <= 254
        && !user.is_empty()
        && host.contains('.')
        && !host.starts_with('.')
        && !host.ends_with('.')
        && !text.chars().filter(|c| *c != '@').any(odd)
        && !host.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_people_write_them_and_never_guessed() {
        assert_eq!(Identity::read("約聘雇 人員"), Ok(Some(Identity::Contract)));
        assert_eq!(Identity::read("　"), Ok(None));
        assert_eq!(Identity::read("公務"), Err(NotInTheList));
        assert_eq!(Level::read("Ｂ級"), Ok(Some(Level::B)));
        for word in Identity::ALL {
            assert_eq!(Identity::read(word.title()), Ok(Some(*word)), "what goes out comes in");
            assert_eq!(Identity::from_code(word.code()), Some(*word));
        }
    }

    #[test]
    fn numbers_alike() {
        for (a, b) in [("A-0012", "a12"), ("００１２", "12"), ("ａ101", "A101")] {
            assert_eq!(number_alike(a), number_alike(b), "{a} {b}");
        }
        assert_ne!(number_alike("A101"), number_alike("A1010"));
        assert_ne!(number_alike("A101"), number_alike("B101"));
    }

    #[test]
    fn addresses_by_their_look() {
        for good in ["a@b.example", "office+x@qinglan.test", "王@青嵐.example"] {
            assert!(is_email(good), "{good}");
        }
        for bad in ["", "a", "a@", "@b.c", "a@b", "a@.b.c", "a b@c.d", "a@b.c,d@e.f", "a@@b.c", "<a@b.c>"] {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn answers_do_not_show_themselves() {
        let said = format!("{:?}", Answers { gender: Some(Gender::Female), ..Answers::default() });
        assert!(!said.contains("Female"), "{said}");
    }
}
