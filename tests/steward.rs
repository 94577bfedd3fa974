//! The steward, through the real program: `credenza steward --root DIR …` in a folder that looks
//! like a box. Outside programs are recorded by scripts below that folder, or, where this machine
//! gives root and loop devices, are the real ones on real block devices.

mod boot_files;
mod card;
mod data;
mod disks;
mod owner_files;
mod rig;
mod ssd;
mod verbs;
mod wifi;
