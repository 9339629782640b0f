//! How was it before? The versioned files beside the specs and their comparison.
