package swanctl

import "culvert/config"

// Over puts the files of a translation in front of those of a source. Names are to be loaded with it.
func (t *Translation) Over(s config.Source) config.Source {
	s.Files = config.Overlay{Below: s.Files, Files: t.Files}
	s.Loaders = t.Loaders
	return s
}

// Load reads a configuration and what a Setup comes to beside it. The diagnostics of both have the words and places of their
// own, and with errors among them the Config is nil.
func Load(source config.Source, main string, s *Setup) (*config.Config, config.Diagnostics) {
	t := Translate(s)
	found := t.Findings()
	if found.Errors() {
		return nil, found
	}
	cfg, more := t.Over(source).Load(main, t.Names...)
	return cfg, append(found, t.Tell(more)...)
}

// LoadTree reads a configuration, and a tree as ReadTree does beside it. Either may be "".
func LoadTree(source config.Source, main, tree string) (*config.Config, config.Diagnostics) {
	if tree == "" {
		return source.Load(main)
	}
	s, found := ReadTree(source.Files, tree)
	if found.Errors() {
		return nil, found
	}
	cfg, more := Load(source, main, s)
	return cfg, append(found, more...)
}
