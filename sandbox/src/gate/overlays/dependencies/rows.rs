//! What a row says.

/// A call, a delete mostly, and what stands against it.
pub(super) struct Hold {
    pub(super) service: &'static str,
    pub(super) operation: &'static str,
    /// The parameter that names the object, a path.
    pub(super) subject: &'static str,
    /// A parameter and its value with which the call is let through.
    pub(super) pardon: Option<(&'static str, &'static str)>,
    /// Where what depends on it is found.
    pub(super) looks: &'static [Look],
    /// The service's error code.
    pub(super) code: &'static str,
    /// The HTTP status.
    pub(super) status: u16,
    /// The message; `{}` is the object's name.
    pub(super) message: &'static str,
}

/// A look at what may depend on the object.
pub(super) struct Look {
    pub(super) service: &'static str,
    /// A describe or list operation.
    pub(super) operation: &'static str,
    /// Its parameters. A value `{}` is the object's name, `{path}` a parameter of the delete call;
    /// `[…]` around either makes a list of it.
    pub(super) with: &'static [(&'static str, &'static str)],
    /// The path of the list in the answer, without the root element in XML.
    pub(super) list: &'static str,
    /// Where the list says too little: what is asked of each that is listed.
    pub(super) each: &'static [Step],
    /// Where in what is listed the object's name has to stand.
    pub(super) place: Place,
    /// A field and a value with which what is listed does not count.
    pub(super) unless: Option<(&'static str, &'static str)>,
}

/// A question about each that is listed; the parameters of those before it are asked again.
pub(super) struct Step {
    /// The operation.
    pub(super) operation: &'static str,
    /// Parameters with the fields of what is listed; an empty field is a text itself, `[]` a list of
    /// it.
    pub(super) with: &'static [(&'static str, &'static str)],
    /// The path of the list in the answer; the whole answer where it is empty.
    pub(super) list: &'static str,
}

/// Where a name stands.
pub(super) enum Place {
    /// Nowhere: everything that is listed counts.
    Listed,
    /// In that field, as a name or in an ARN.
    Field(&'static str),
    /// Anywhere, alone.
    Anywhere,
    /// Anywhere, as a part of a text: an id in an ARN.
    Within,
    /// Nowhere: what is listed counts where the field has the value.
    Where(&'static [(&'static str, &'static str)]),
}

impl Hold {
    /// A row to fill in.
    pub(super) const NEW: Self = Self {
        service: "",
        operation: "",
        subject: "",
        pardon: None,
        looks: &[],
        code: "",
        status: 400,
        message: "",
    };
}

impl Look {
    /// A look to fill in.
    pub(super) const NEW: Self = Self {
        service: "",
        operation: "",
        with: &[],
        list: "",
        each: &[],
        place: Place::Anywhere,
        unless: None,
    };
}
