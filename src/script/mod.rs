//! What may a hook do? Compiling rhai, the host functions, the limits.
