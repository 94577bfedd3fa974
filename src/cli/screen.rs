//! `credenza screen`: what the television shows of a box that has no page yet: its address as text
//! and as a code for the phone's camera, and the claim code.
