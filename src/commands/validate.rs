//! `infra validate`.

use clap::Args;

use crate::cli::{Context, Format, FormatArgs, StackArgs};
use crate::error::{CommandError, Result};
use crate::exit::Exit;
use crate::session::{
    Declared, Recorded, declare_recorded, declared_otherwise, definitions, select,
};
use crate::view::{human, validate_json};

/// Build the stacks and check them, without a cloud
///
/// What a stack looks up is answered from what an earlier run recorded, and otherwise with
/// placeholders; the answer says which. The program is run twice, and a warning says what it declares
/// otherwise the second time.
#[derive(Args)]
pub(crate) struct ValidateArgs {
    #[command(flatten)]
    stacks: StackArgs,
    #[command(flatten)]
    format: FormatArgs,
}

pub(crate) async fn run(context: &Context, args: &ValidateArgs) -> Result<Exit> {
    match (check(context, &args.stacks).await, args.format.format) {
        (Ok(checked), Format::Human) => {
            let lines = checked.iter().map(human::validate::render);
            context.terminal.answer(&lines.collect::<String>());
            Ok(Exit::Done)
        }
        (Err(CommandError { exit: Exit::Failed, diagnostics }), Format::Json) => {
            context.terminal.answer(&validate_json::render(&diagnostics));
            Ok(Exit::Failed)
        }
        (Ok(_), Format::Json) => {
            context.terminal.answer(&validate_json::render(&[]));
            Ok(Exit::Done)
        }
        (Err(error), _) => Err(error),
    }
}

async fn check(context: &Context, args: &StackArgs) -> Result<Vec<human::validate::Checked>> {
    let selection = select(context, args, false).await?;
    let provider = definitions(&selection.environment).await;
    let declared = declare_recorded(context, &selection, &*provider).await?;
    declared_otherwise(context, &selection, &declared).await?;
    let checked = |stack: Declared<Recorded<'_>>| human::validate::Checked {
        stack: stack.name,
        resources: stack.declarations.resources.len(),
        recorded: stack.answers.recorded,
        placeholders: stack.answers.placeholders,
    };
    Ok(declared.into_iter().map(checked).collect())
}
