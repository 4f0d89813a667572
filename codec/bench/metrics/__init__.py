"""What is measured of a codec: one file per kind of metric."""
