//! The credentials of a user for single services, which moto does not have: no user has any, since
//! none can be made.
//!
//! API: ListServiceSpecificCredentials.

use super::Desk;
use crate::gate::answer::ServiceError;
use crate::gate::document::Document;
use crate::gate::xml::Element;

/// Plays the list.
pub(super) fn serve(desk: &Desk<'_>) -> Option<Result<Document, ServiceError>> {
    let is_it = desk.call.operation == "ListServiceSpecificCredentials";
    is_it.then(|| Ok(desk.result(Element::new("ServiceSpecificCredentials"))))
}
