//! The state of one stack: where it is, how it is opened, read, restored and changed.
//!
//! The main type is [`Site`]. Reading waits for no run; everything that takes the lock says whom it
//! waits for. What cannot be done is told with the command that comes next.

use std::path::Path;
use std::time::Duration;

use infra_sdk::Diagnostic;
use infra_sdk::store::{Edit, RunChange, RunRecord, State, Store, StoreError};
use infra_state::{Config, KeySource, Location, RestoreChecks, Snapshot, View, read_export};

use super::clock::now;
use super::select::recorded;
use super::states::{owner, run_id, who};
use super::{keys, place};
use crate::cli::Context;
use crate::config::{Environment, Project, StateKey, StatePlace};
use crate::error::{CommandError, Result};

/// The state of a stack in an environment.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    /// The project.
    pub(crate) project: &'a Project,
    /// The environment.
    pub(crate) environment: &'a Environment,
    /// The stack.
    pub(crate) stack: &'a str,
}

/// A run of the history.
#[derive(Debug)]
pub(crate) struct Told {
    /// The run.
    pub(crate) run: RunRecord,
    /// What it did, as far as that was asked for.
    pub(crate) changes: Vec<RunChange>,
    /// Whether it has no end yet and somebody holds the state: it may be that run.
    pub(crate) goes_on: bool,
}

impl Told {
    /// A run of which is not asked what it did, while nobody else holds the state.
    pub(crate) fn alone(run: RunRecord) -> Self {
        Self { run, changes: Vec::new(), goes_on: false }
    }
}

impl Site<'_> {
    /// Opens the state and holds its lock. A run that holds it is waited for this long.
    ///
    /// # Errors
    /// When another run holds it for longer, and when the state cannot be used.
    pub(crate) async fn open(
        &self,
        context: &Context,
        patience: Duration,
    ) -> Result<Box<dyn Store>> {
        let config = self.config(context).await?;
        let opened = match infra_state::open(&config, &owner()).await {
            Err(StoreError::Locked { holder, .. }) if !patience.is_zero() => {
                self.wait_for(context, &holder);
                infra_state::open_within(&config, &owner(), patience).await
            }
            opened => opened,
        };
        opened.map_err(|error| self.refused(&error))
    }

    fn wait_for(&self, context: &Context, holder: &str) {
        context.terminal.say(&format!("{}: waiting for the state: {holder}", self.stack));
    }

    /// Puts what an export holds in the place of the state and holds its lock. What was there is
    /// kept.
    ///
    /// # Errors
    /// As [`Site::open`], and when the export cannot be trusted.
    pub(crate) async fn restore(
        &self,
        context: &Context,
        export: &Path,
        checks: RestoreChecks,
        patience: Duration,
    ) -> Result<Box<dyn Store>> {
        let config = self.config(context).await?;
        let restored = match infra_state::restore(&config, &owner(), export, checks).await {
            Err(StoreError::Locked { holder, .. }) if !patience.is_zero() => {
                self.wait_for(context, &holder);
                infra_state::restore_within(&config, &owner(), export, checks, patience).await
            }
            restored => restored,
        };
        restored.map_err(|error| self.refused(&error))
    }

    /// What the latest run left, without the lock. `None` before one has ended.
    ///
    /// # Errors
    /// When it cannot be trusted.
    pub(super) async fn left(&self, context: &Context) -> Result<Option<State>> {
        let config = self.config(context).await?;
        let snapshot = Snapshot::read(&config).await.map_err(|error| self.refused(&error))?;
        Ok(snapshot.map(|snapshot| snapshot.state))
    }

    /// What is recorded. While another run holds the state, a note says so, and this is what the run
    /// before it left; of a shared state, what there is by now. `None` when the stack has no state,
    /// or none yet.
    ///
    /// # Errors
    /// When there is a state and it cannot be read.
    pub(crate) async fn read(&self, context: &Context) -> Result<Option<State>> {
        if !self.is_there(context).await? {
            return Ok(None);
        }
        let config = self.config(context).await?;
        if matches!(config.location, Location::S3(_)) {
            let view = self.look(context, &config).await?;
            let state = view.map(|view| view.state()).transpose();
            return state.map_err(|error| self.refused(&error));
        }
        let opened = match infra_state::open(&config, &owner()).await {
            Ok(store) => store.load().await.map(Some),
            Err(StoreError::Locked { holder, .. }) => {
                let left = self.left(context).await?;
                let what = match &left {
                    Some(_) => "a run is in progress, and this is what the run before it left",
                    None => "the first run is in progress, and nothing is recorded before it ends",
                };
                self.in_progress(context, what, &holder);
                Ok(left)
            }
            Err(error) => Err(error),
        };
        opened.map_err(|error| self.refused(&error))
    }

    /// All runs, oldest first, with what each did. A shared state is only looked at; the database of
    /// a local one is read by one process at a time, and another run is waited for this long.
    ///
    /// # Errors
    /// As [`Site::open`].
    pub(crate) async fn history(&self, context: &Context, patience: Duration) -> Result<Vec<Told>> {
        let fail = |error| self.refused(&error);
        let config = self.config(context).await?;
        let mut told = Vec::new();
        if matches!(config.location, Location::S3(_)) {
            let Some(view) = self.look(context, &config).await? else { return Ok(told) };
            let held = view.holder().is_some();
            for run in view.history().map_err(fail)? {
                let changes = view.changes(&run.id).map_err(fail)?;
                told.push(Told { run, changes, goes_on: false });
            }
            if let Some(last) = told.last_mut() {
                last.goes_on = held && last.run.ended.is_none();
            }
            return Ok(told);
        }
        let store = self.open(context, patience).await?;
        for run in store.history().await.map_err(fail)? {
            let changes = store.changes(&run.id).await.map_err(fail)?;
            told.push(Told { run, changes, goes_on: false });
        }
        Ok(told)
    }

    /// Looks at a shared state without its lock, and says so where a run holds it.
    async fn look(&self, context: &Context, config: &Config) -> Result<Option<View>> {
        let view = infra_state::look(config).await.map_err(|error| self.refused(&error))?;
        if let Some(holder) = view.as_ref().and_then(View::holder) {
            let what = "a run is in progress, and this is what is recorded by now";
            self.in_progress(context, what, holder);
        }
        Ok(view)
    }

    fn in_progress(&self, context: &Context, what: &str, holder: &str) {
        let warning = Diagnostic::warning("state::in-progress", what)
            .detail(format!("stack `{}`: {holder}", self.stack));
        context.terminal.diagnostics([&warning]);
    }

    /// Changes records and nothing of the cloud, as a run of the history, all or none.
    ///
    /// # Errors
    /// When the state cannot be written.
    pub(crate) async fn record(
        &self,
        store: &dyn Store,
        command: String,
        edits: impl FnOnce(&str, &str) -> Vec<Edit>,
    ) -> Result<()> {
        let started = now();
        let mut run = RunRecord {
            id: run_id()?,
            command,
            by: who(),
            started: started.clone(),
            ended: None,
            complete: false,
        };
        let edits = edits(&run.id, &started);
        let written = async {
            store.start(&run).await?;
            store.commit(None, &edits).await?;
            run.ended = Some(now());
            run.complete = true;
            store.finish(&run).await
        };
        written.await.map_err(|error| self.refused(&error))
    }

    /// The canonical export of the latest run, whose digest has been checked.
    ///
    /// # Errors
    /// When there is none, or it cannot be trusted.
    pub(crate) async fn export(&self, context: &Context) -> Result<String> {
        let config = self.place(context).await?;
        infra_state::export_text(&config).await.map_err(|error| match error {
            StoreError::Refused { .. } => {
                let (environment, stack) = (&self.environment.name, self.stack);
                Diagnostic::error("state::export", "there is no export yet")
                    .detail(format!("no run of stack `{stack}` has ended in `{environment}`"))
                    .hint(format!("`infra apply --env {environment} --stack {stack}` writes it"))
                    .into()
            }
            error => self.refused(&error),
        })
    }

    /// The lineage of the last export; `None` before the first run has ended.
    ///
    /// # Errors
    /// When the export cannot be trusted.
    pub(crate) async fn lineage(&self, context: &Context) -> Result<Option<String>> {
        let config = self.place(context).await?;
        let export = infra_state::last_export(&config).await;
        let export = export.map_err(|error| self.refused(&error))?;
        Ok(export.map(|export| export.lineage().to_owned()))
    }

    /// Frees the lock of this id.
    ///
    /// # Errors
    /// When no such lock is held.
    pub(crate) async fn unlock(&self, context: &Context, id: &str) -> Result<()> {
        let config = self.place(context).await?;
        infra_state::unlock(&config, id).await.map_err(|error| self.refused(&error))
    }

    /// Where the state is kept, as it is shown.
    pub(crate) fn shown(&self) -> String {
        let (environment, stack) = (&self.environment.name, self.stack);
        let place = self.environment.state.written();
        match self.environment.state {
            StatePlace::Folder(_) => format!("{place}/state/{environment}/{stack}"),
            StatePlace::Bucket { .. } => format!("{place}/{environment}/{stack}"),
        }
    }

    /// Changes what wraps the key of the state, and with `rotate` the key itself.
    ///
    /// # Errors
    /// As [`Site::open`]; then the state is as it was.
    pub(crate) async fn rekey(
        &self,
        context: &Context,
        new: Option<&KeySource>,
        rotate: bool,
    ) -> Result<()> {
        let config = self.config(context).await?;
        let file = || KeySource::File(place::key_file(self.project, &self.environment.state));
        let same = config.key.clone().unwrap_or_else(file);
        infra_state::rekey(&config, &owner(), new.unwrap_or(&same), rotate)
            .await
            .map_err(|error| self.refused(&error))
    }

    async fn is_there(&self, context: &Context) -> Result<bool> {
        Ok(recorded(context, self.project, self.environment).await?.contains(self.stack))
    }

    /// The state and what opens it.
    async fn config(&self, context: &Context) -> Result<Config> {
        let mut config = self.place(context).await?;
        if let Some(key) = &self.environment.state_key {
            // A passphrase is asked for twice where a mistake would only be noticed too late.
            let first = *key == StateKey::Passphrase && !self.is_there(context).await?;
            let source = keys::current(context, self.project, self.environment, key, first).await?;
            config.key = Some(source);
        }
        Ok(config)
    }

    /// The state, wherever its key may be.
    async fn place(&self, context: &Context) -> Result<Config> {
        let place = &self.environment.state;
        let location = place::location(context, self.project, self.environment, place).await?;
        let mut config = Config::new(location, &self.environment.name, self.stack);
        config.allow_network_disk = self.environment.state_options.allow_network_disk;
        Ok(config)
    }

    /// Why the state cannot be used, with the command that comes next and how this one ends.
    pub(crate) fn refused(&self, error: &StoreError) -> CommandError {
        let diagnostic = |code: &str, summary: &str| {
            Diagnostic::error(code, summary).detail(format!("stack `{}`: {error}", self.stack))
        };
        let options = format!("--env {} --stack {}", self.environment.name, self.stack);
        match error {
            StoreError::Locked { id, .. } => CommandError::locked(match id {
                None => diagnostic("state::locked", "another run holds the state")
                    .hint("wait for it with `--lock-timeout 10m`; a run that died holds nothing"),
                Some(id) => diagnostic("state::locked", "another run holds the state")
                    .hint("wait for it with `--lock-timeout 10m`")
                    .hint(format!(
                        "or free the lock of one that died and cannot wait:\n\
                         `infra state unlock {id} {options}`"
                    )),
            }),
            StoreError::Lost { .. } => CommandError::locked(
                diagnostic("state::lost", "another run took the lock of the state over")
                    .hint("let that run end, then run again: it finds what this one left"),
            ),
            StoreError::Unavailable { .. } => {
                diagnostic("state::unavailable", "the state cannot be used")
                    .hint("mend what it says, and run the same command again: nothing was changed")
                    .into()
            }
            StoreError::Refused { .. } => {
                diagnostic("state::refused", "the state does not allow what was asked for")
                    .hint("nothing was changed; ask for something else, or change what it says")
                    .into()
            }
            StoreError::Moved { .. } => diagnostic("state::moved", "the state lives elsewhere")
                .hint(format!(
                    "write that place as `state` into `[environments.{}]` of `infra.toml`",
                    self.environment.name
                ))
                .hint(format!(
                    "or bring it back: `infra state move-backend --env {} --from PLACE`",
                    self.environment.name
                ))
                .into(),
            StoreError::Key { .. } => diagnostic("state::key", "the state cannot be unsealed")
                .hint("put the right key back: no export opens without it; nothing was changed")
                .hint(format!(
                    "check `state_key` of `[environments.{}]` in `infra.toml`",
                    self.environment.name
                ))
                .into(),
            StoreError::Damaged { .. } => {
                let mut diagnostic = diagnostic("state::damaged", "the state is damaged");
                diagnostic.hints = self.ways_out();
                diagnostic.into()
            }
            StoreError::Newer { .. } => {
                diagnostic("state::newer", "the state was written by a later release of infra")
                    .hint("use that release or a later one")
                    .into()
            }
        }
    }

    /// What to do about a damaged state: put the last export back, if it is whole.
    fn ways_out(&self) -> Vec<String> {
        let (environment, stack) = (&self.environment.name, self.stack);
        let restore = |export: &str| {
            format!("infra state restore {export} --env {environment} --stack {stack}")
        };
        let shown = self.shown();
        let folder = match &self.environment.state {
            StatePlace::Folder(folder) => {
                self.project.root.join(folder).join("state").join(environment).join(stack)
            }
            StatePlace::Bucket { .. } => {
                return vec![
                    format!("fetch the last export: `aws s3 cp {shown}/export.json FILE`"),
                    format!("and put it back: `{}`", restore("FILE")),
                    "the bucket keeps earlier versions of every object too".to_owned(),
                ];
            }
        };
        let path = folder.join("export.json");
        match read_export(&path) {
            Ok(export) => vec![
                // Whole, because it must be right wherever it is typed.
                format!("run `{}`", restore(&path.display().to_string())),
                format!(
                    "that is the state of run {}; what was done since is found by its tags",
                    export.serial()
                ),
            ],
            Err(_) => vec![
                format!("run `{}` with an export that you have", restore("FILE")),
                format!("or put back a copy of `{shown}`"),
            ],
        }
    }
}
