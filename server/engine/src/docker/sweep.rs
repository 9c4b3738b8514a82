//! What a server that was killed leaves running in containers: shells, commands, ends of pipes.
//!
//! Every note of a command ([`super::exec`]) is named after its installation and the life of the server that wrote it, so
//! the next life finds those of the former ones. Another installation's are left alone.
//!
//! People can write such notes themselves. So each is taken as its owner: nobody can name a process to be ended that he
//! could not end himself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::sleep;

use super::DockerEngine;
use super::exec::{LATE_EVERY, LATE_TRIES};
use crate::{EngineError, ExecSpec};

/// Folder of the notes.
const NOTES: &str = "/dev/shm/.rmp-";
/// Most notes that are taken at once.
const MOST: usize = 200;
/// Owners and names of the notes that begin with the argument.
const LIST: &str = r#"for n in "$0"*; do [ -f "$n" ] && [ ! -L "$n" ] && stat -c '%u %n' "$n"; done; exit 0"#;
/// Hangs up what the notes name and is still that process, then ends what stays of its session. Says how many.
const SWEEP: &str = r#"
alive() {
  { read -r p t < "$1"; } 2>/dev/null || return 1
  case $p in ''|*[!0-9]*) return 1;; esac
  { read -r s < "/proc/$p/stat"; } 2>/dev/null || return 1
  set -- ${s##*) }
  [ "${20}" = "$t" ]
}
c=0
for n in "$0" "$@"; do alive "$n" && { kill -HUP "$p" 2>/dev/null; c=$((c+1)); } || rm -f "$n"; done
for n in "$0" "$@"; do
  i=0
  while alive "$n" && [ $i -lt 20 ]; do sleep 0.1; i=$((i+1)); done
  { read -r p t < "$n"; } 2>/dev/null || continue
  pkill -KILL -s "$p" 2>/dev/null
  rm -f "$n"
done
echo $c"#;

impl DockerEngine {
    fn house_word(&self) -> String {
        let house = self.inner.house.get().map_or("none", String::as_str);
        let plain: Vec<char> = house.chars().filter(char::is_ascii_alphanumeric).collect();
        plain[plain.len().saturating_sub(12)..].iter().collect()
    }

    /// Path of the next note.
    pub(super) fn note_name(&self) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        format!("{NOTES}{}-{}-{number}", self.house_word(), self.inner.life)
    }

    /// Ends what former lives of this installation left in a container. See [`crate::Engine::sweep`].
    pub(super) async fn sweep_container(&self, container: &str) -> Result<usize, EngineError> {
        match self.sweep_once(container).await {
            Err(EngineError::Conflict(text)) if text.contains("paused") => {
                let (engine, container) = (self.clone(), container.to_owned());
                tokio::spawn(async move {
                    for _ in 0..LATE_TRIES {
                        sleep(LATE_EVERY).await;
                        match engine.sweep_once(&container).await {
                            Err(EngineError::Conflict(text)) if text.contains("paused") => {}
                            Ok(_) => return,
                            Err(error) => {
                                tracing::warn!(container, %error, "shells of before may be left in a container");
                                return;
                            }
                        }
                    }
                });
                Ok(0)
            }
            other => other,
        }
    }

    async fn sweep_once(&self, container: &str) -> Result<usize, EngineError> {
        let of_house = format!("{NOTES}{}-", self.house_word());
        let ours = format!("{of_house}{}-", self.inner.life);
        let listed = self.run_exec(container, ExecSpec::new(["sh", "-c", LIST, &of_house])).await?;
        let mut notes: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for line in listed.text().lines().take(MOST) {
            let Some((owner, note)) = line.split_once(' ') else { continue };
            let Ok(owner) = owner.parse() else { continue };
            let plain = note.starts_with(&of_house)
                && note[of_house.len()..].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if plain && !note.starts_with(&ours) {
                notes.entry(owner).or_default().push(note.to_owned());
            }
        }
        let mut ended = 0;
        for (owner, notes) in notes {
            let mut argv: Vec<String> = ["sh", "-c", SWEEP].map(str::to_owned).into();
            argv.extend(notes);
            let spec = ExecSpec::new(argv).user(&owner.to_string()).timeout_ms(60_000);
            let out = self.run_exec(container, spec).await?;
            let counted: Option<usize> = out.text().trim().parse().ok().filter(|_| out.ok());
            ended += counted.ok_or_else(|| {
                EngineError::Refused(format!("shells of before were not ended: {}", out.said()))
            })?;
        }
        Ok(ended)
    }
}
