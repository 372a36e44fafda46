package explain

// configEntries documents the codes of the configuration.
func configEntries() []Entry { return nil }
