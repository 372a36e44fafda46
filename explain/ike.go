package explain

// ikeEntries documents the codes of the IKE engine.
func ikeEntries() []Entry { return nil }
