"""Writers of feed formats: each turns a region into the files that sources would send."""
