//! Two queues of the component, and a role that takes from the one and puts into the other.

use infra_aws::iam::{PolicyDocument, Principal, Role, RoleName, RolePolicy, Statement};
use infra_sdk::prelude::*;
use work_queue::{WorkQueue, WorkQueueSettings};

/// What differs between environments.
#[derive(Debug, Settings)]
pub struct Settings {
    /// The queue of invoices that are to be written.
    pub invoices: WorkQueueSettings,
    /// The queue of letters that are to be sent.
    pub letters: WorkQueueSettings,
}

/// Declares both queues and the role between them.
pub fn declare(stack: &mut Stack, settings: &Settings) -> Result<()> {
    let invoices = WorkQueue::new("invoices", &settings.invoices).declare(stack);
    let letters = WorkQueue::new("letters", &settings.letters).declare(stack);

    let trust = Statement::allow()
        .principal(Principal::service("lambda.amazonaws.com"))
        .action("sts:AssumeRole");
    let role = RoleName::new(format!("billing-{}-writer", stack.env().name()));
    let role = stack.add("writer", Role::new(PolicyDocument::new().statement(trust)).name(role));
    stack.add("writer-works", RolePolicy::new(role.name(), invoices.to_work()).name("works"));
    stack.add("writer-sends", RolePolicy::new(role.name(), letters.to_send()).name("sends"));

    stack.output("invoices", invoices.queue.url());
    stack.output("letters", letters.queue.url());
    stack.output("writer", role.arn());
    Ok(())
}
