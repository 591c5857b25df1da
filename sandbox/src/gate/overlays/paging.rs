//! Paging and limits of EC2's lists: `MaxResults` and `NextToken`, which moto ignores.
//!
//! Written against "Pagination" and "List and filter" of the EC2 Developer Guide, the pages of the
//! describe operations, and "Error codes for the Amazon EC2 API". The pages of one listing are cut
//! from one look at the emulator.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::gate::answer::{Answer, ServiceError};
use crate::gate::call::Call;
use crate::gate::ec2::{self, Kind};
use crate::gate::xml::Element;

/// Values that one request may have in its filters.
const FILTER_VALUES: usize = 200;

/// The sizes of a page that EC2 takes.
const PAGE: std::ops::RangeInclusive<usize> = 5..=1000;

/// Listings that are remembered, the oldest forgotten first.
const LISTINGS: usize = 1000;

/// Listings that are not read to their end.
#[derive(Default)]
pub(crate) struct Paging {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    listings: BTreeMap<u64, Arc<Listing>>,
    order: VecDeque<u64>,
}

struct Listing {
    /// Operation, region and filters: a token is good for the request that it was given to.
    of: String,
    document: Element,
    items: Vec<Element>,
    page: usize,
}

/// What to do with a request.
pub(crate) enum Decision {
    /// It does not page.
    Pass,
    /// Ask without the page, and cut the answer.
    Cut(Cut),
    /// A page of a listing that is known.
    Page(Box<Element>),
}

/// How the answer is to be cut.
pub(crate) struct Cut {
    kind: &'static Kind,
    of: String,
    page: usize,
}

impl Paging {
    /// Says what to do with a request, and takes the page out of it.
    ///
    /// # Errors
    ///
    /// What EC2 refuses.
    pub(crate) fn decide(&self, call: &mut Call) -> Result<Decision, ServiceError> {
        if call.service != "ec2" || !call.operation.starts_with("Describe") {
            return Ok(Decision::Pass);
        }
        let values: usize = call.form.filters().iter().map(|(_, values)| values.len()).sum();
        if values > FILTER_VALUES {
            return Err(ServiceError::invalid(
                "FilterLimitExceeded",
                format!(
                    "The maximum number of filter values specified on a single call is {FILTER_VALUES}"
                ),
            ));
        }
        let Some(kind) = ec2::described_by(&call.operation).filter(|kind| kind.pages) else {
            return Ok(Decision::Pass);
        };
        let size = page_size(call, kind)?;
        let token = call.form.get("NextToken").map(str::to_owned);
        if size.is_none() && token.is_none() {
            return Ok(Decision::Pass);
        }
        let mut form = call.form.clone();
        form.remove("MaxResults");
        form.remove("NextToken");
        call.set_form(form);
        let of = format!("{} {} {:?}", call.region, call.operation, call.form.filters());
        match token {
            Some(token) => self.page(kind, &of, size, &token).map(Decision::Page),
            None => Ok(size.map_or(Decision::Pass, |page| Decision::Cut(Cut { kind, of, page }))),
        }
    }

    /// Cuts an answer to its first page.
    pub(crate) fn cut(&self, cut: Cut, answer: &mut Answer) {
        let Some(mut document) = answer.document() else { return };
        let Some(set) = document.child_mut(cut.kind.set) else { return };
        let items = set.take_elements();
        let listing = Listing { of: cut.of, document, items, page: cut.page };
        let page = self.first_page(cut.kind, listing);
        answer.set_document(&page);
    }

    fn first_page(&self, kind: &Kind, listing: Listing) -> Element {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let number = inner.next;
        inner.next += 1;
        let page = listing.page(kind, number, 0, listing.page);
        if listing.items.len() > listing.page {
            inner.listings.insert(number, Arc::new(listing));
            inner.order.push_back(number);
            if inner.order.len() > LISTINGS
                && let Some(oldest) = inner.order.pop_front()
            {
                inner.listings.remove(&oldest);
            }
        }
        page
    }

    fn page(
        &self,
        kind: &Kind,
        of: &str,
        size: Option<usize>,
        token: &str,
    ) -> Result<Box<Element>, ServiceError> {
        let invalid = || {
            ServiceError::invalid(
                "InvalidPaginationToken",
                "The specified pagination token is not valid or is expired",
            )
        };
        let (number, from) = read_token(token).ok_or_else(invalid)?;
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let listing = inner.listings.get(&number).ok_or_else(invalid)?;
        if listing.of != of || from >= listing.items.len() {
            return Err(invalid());
        }
        Ok(Box::new(listing.page(kind, number, from, size.unwrap_or(listing.page))))
    }

    /// Forgets everything; tokens that were given are expired.
    pub(crate) fn clear(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.listings.clear();
        inner.order.clear();
    }
}

impl Listing {
    fn page(&self, kind: &Kind, number: u64, from: usize, size: usize) -> Element {
        let to = self.items.len().min(from + size);
        let mut document = self.document.clone();
        if let Some(set) = document.child_mut(kind.set) {
            for item in &self.items[from..to] {
                set.push(item.clone());
            }
        }
        if to < self.items.len() {
            document.push(Element::with_text("nextToken", &format!("gate.{number}.{to}")));
        }
        document
    }
}

fn read_token(token: &str) -> Option<(u64, usize)> {
    let (number, from) = token.strip_prefix("gate.")?.split_once('.')?;
    Some((number.parse().ok()?, from.parse().ok()?))
}

fn page_size(call: &Call, kind: &Kind) -> Result<Option<usize>, ServiceError> {
    let Some(text) = call.form.get("MaxResults") else { return Ok(None) };
    if !call.form.list(kind.id_parameter).is_empty() {
        return Err(ServiceError::invalid(
            "InvalidParameterCombination",
            format!(
                "The parameter {} cannot be used with the parameter MaxResults",
                kind.id_parameter
            ),
        ));
    }
    match text.parse::<usize>() {
        Ok(size) if PAGE.contains(&size) => Ok(Some(size)),
        _ => Err(ServiceError::invalid(
            "InvalidParameterValue",
            format!(
                "Value ( {text} ) for parameter maxResults is invalid. Expecting a value between {} and {}.",
                PAGE.start(),
                PAGE.end()
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{Decision, Paging};
    use crate::gate::answer::Answer;
    use crate::gate::call::tests::query_call;
    use crate::gate::xml::Element;
    use hyper::{HeaderMap, StatusCode};

    fn listing(count: usize) -> Answer {
        let mut set = Element::new("vpcSet");
        for number in 0..count {
            set.push(Element::new("item").with(Element::with_text("vpcId", &number.to_string())));
        }
        let body = Element::new("R").with(set).to_document().into();
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), body }
    }

    fn refused(body: &str) -> String {
        Paging::default().decide(&mut query_call("ec2", body)).err().expect("refused").code
    }

    /// Item ids and token of a page.
    fn read(document: &Element) -> (Vec<String>, String) {
        let ids = document.items("vpcSet").iter().map(|item| item.child_text("vpcId")).collect();
        (ids, document.child_text("nextToken"))
    }

    #[test]
    fn pages_join_to_the_whole() {
        let paging = Paging::default();
        let mut call = query_call("ec2", "Action=DescribeVpcs&MaxResults=5");
        let Ok(Decision::Cut(cut)) = paging.decide(&mut call) else { panic!("not cut") };
        assert_eq!(call.form.get("MaxResults"), None);
        let mut answer = listing(12);
        paging.cut(cut, &mut answer);
        let (mut all, mut token) = read(&answer.document().unwrap());
        assert_eq!(all.len(), 5);
        while !token.is_empty() {
            let body = format!("Action=DescribeVpcs&MaxResults=5&NextToken={token}");
            let Ok(Decision::Page(page)) = paging.decide(&mut query_call("ec2", &body)) else {
                panic!("no page")
            };
            let (ids, next) = read(&page);
            all.extend(ids);
            token = next;
        }
        assert_eq!(all, (0..12).map(|number| number.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn a_token_is_good_for_its_own_request_only() {
        let paging = Paging::default();
        let mut call = query_call("ec2", "Action=DescribeVpcs&MaxResults=5");
        let Ok(Decision::Cut(cut)) = paging.decide(&mut call) else { panic!("not cut") };
        paging.cut(cut, &mut listing(6));
        for body in [
            "Action=DescribeSubnets&NextToken=gate.0.5",
            "Action=DescribeVpcs&NextToken=gate.9.5",
            "Action=DescribeVpcs&NextToken=rubbish",
        ] {
            let error = paging.decide(&mut query_call("ec2", body)).err().expect(body);
            assert_eq!(error.code, "InvalidPaginationToken", "{body}");
        }
        let good = "Action=DescribeVpcs&NextToken=gate.0.5";
        assert!(matches!(paging.decide(&mut query_call("ec2", good)), Ok(Decision::Page(_))));
    }

    #[test]
    fn limits_are_those_of_ec2() {
        let ids = "Action=DescribeVpcs&MaxResults=5&VpcId.1=vpc-1";
        assert_eq!(refused(ids), "InvalidParameterCombination");
        assert_eq!(refused("Action=DescribeVpcs&MaxResults=4"), "InvalidParameterValue");
        let mut many = "Action=DescribeVpcs&Filter.1.Name=vpc-id".to_owned();
        for number in 1..=201 {
            many.push_str(&format!("&Filter.1.Value.{number}=v"));
        }
        assert_eq!(refused(&many), "FilterLimitExceeded");
    }
}
