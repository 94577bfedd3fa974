//! An update bundle: a signed manifest, then the bytes of a slot.
