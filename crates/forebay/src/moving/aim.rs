//! Where one of them goes: a path, a key, or standard output.

use std::path::{Path, PathBuf};

use forebay_store::remote::ObjectKey;
use forebay_transfer::listing::local_path;

use super::{
    errand::{To, is_directory},
    find::{Candidate, Unfit},
};
use crate::place::{Place, S3Place, escaped};

/// Where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    File(PathBuf),
    Object(S3Place, ObjectKey),
    Stdout,
}

/// Where a candidate goes, or why it cannot.
pub(super) fn aim(to: &To, candidate: &Candidate) -> Result<Aim, Unfit> {
    let unfit = |why: String| Unfit { shown: candidate.shown.clone(), why };
    let inside = |dir: &Path| {
        if candidate.name.is_empty() {
            return Err(unfit("its address has no name: name a file for it".to_owned()));
        }
        local_path(&candidate.name)
            .map(|path| Aim::File(dir.join(path)))
            .map_err(|error| unfit(error.to_string()))
    };
    match to {
        To::There(Place::Stream) => Ok(Aim::Stdout),
        To::There(Place::Local(path)) if is_directory(path) => inside(path),
        To::There(Place::Local(path)) => Ok(Aim::File(path.clone())),
        To::Below(Place::Local(dir)) => inside(dir),
        To::There(Place::S3(s3)) if !s3.key.is_empty() && !s3.key.ends_with('/') => {
            object(s3, s3.key.clone(), unfit)
        }
        To::There(Place::S3(s3)) if candidate.name.is_empty() => {
            Err(unfit(format!("it has no name: name the object to make in s3://{}", s3.bucket)))
        }
        To::There(Place::S3(s3)) | To::Below(Place::S3(s3)) => {
            object(s3, format!("{}{}", s3.key, candidate.name), unfit)
        }
        To::There(Place::Web(_)) | To::Below(Place::Web(_) | Place::Stream) => {
            Err(unfit("the target cannot be written".to_owned()))
        }
    }
}

fn object(s3: &S3Place, key: String, unfit: impl Fn(String) -> Unfit) -> Result<Aim, Unfit> {
    let name = ObjectKey::new(key.as_str()).map_err(|error| unfit(error.to_string()))?;
    Ok(Aim::Object(S3Place { key, ..s3.clone() }, name))
}

impl std::fmt::Display for Aim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => f.write_str(&escaped(&path.to_string_lossy())),
            Self::Object(place, _) => place.fmt(f),
            Self::Stdout => f.write_str("-"),
        }
    }
}
