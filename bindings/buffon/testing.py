"""Problems with known answers, each with its source."""
