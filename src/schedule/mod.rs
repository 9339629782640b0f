//! What shall be done, exactly? Cases, variants, interleavings, generators and their seeds.
