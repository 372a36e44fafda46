package explain

// Codes of the configuration.
const (
	ConfigSyntax Code = "config-syntax"
)

func configEntries() []Entry {
	return []Entry{
		{ConfigSyntax, "The configuration file is not valid HCL or JSON.",
			"A bracket, quote, separator or newline is missing or one too many at the place shown.",
			"Correct the place shown; several options of one block stand on lines of their own. `culvert check` reads the file without touching the daemon."},
	}
}
