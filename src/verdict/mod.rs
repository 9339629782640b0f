//! Is it right? One expectation per file, findings with a code and advice.
