//! The closed sets of words a playbook may choose from. Owns their spelling; what they do is the engine's.

macro_rules! choices {
    ($($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? })+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|choice| choice.as_str() == text)
            }

            pub fn words() -> impl Iterator<Item = &'static str> + Clone {
                Self::ALL.iter().map(|choice| choice.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    )+};
}

choices! {
    /// How bad the incident is that a playbook answers.
    Severity { Low = "low", Medium = "medium", High = "high", Critical = "critical" }

    /// NIST phases plus evidence preservation.
    Phase {
        Contain = "contain",
        Preserve = "preserve",
        Eradicate = "eradicate",
        Recover = "recover",
        Verify = "verify",
    }

    /// What a failed step means for the run.
    OnFailure {
        /// Its dependants do not start, and the run ends failed.
        Stop = "stop",
        /// Its dependants start anyway.
        Continue = "continue",
        /// The run stops and gives back what containment took.
        Release = "release",
    }

    /// Who acts under the shared responsibility model.
    Responsibility { Customer = "customer", Aws = "aws", Shared = "shared" }
}
