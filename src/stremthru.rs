//! stremthru
