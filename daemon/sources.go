package daemon

import (
	"io/fs"
	"maps"
	"time"

	"culvert/config"
	"culvert/swanctl"
)

// sources are what the running configuration is made of. They are a value: whoever changes them changes a copy, and what it
// points to is never written to.
type sources struct {
	main      string        // absolute path of the configuration; "": there is none
	candidate []byte        // what takes the place of the text of main; nil: nothing does
	tree      string        // absolute path of a folder as /etc/swanctl, or of a file as its swanctl.conf; "": there is none
	vici      swanctl.Setup // what clients of VICI have loaded

	texts map[string][]byte // what tree and vici come to as configuration, by path, since load
}

// load reads the configuration that the sources make.
func (s *sources) load(now time.Time) (*config.Config, config.Diagnostics) {
	source := config.System(now)
	source.Files = s.files()
	var setup swanctl.Setup
	var found config.Diagnostics
	if s.tree != "" {
		var tree *swanctl.Setup
		if tree, found = swanctl.ReadTree(source.Files, s.tree); found.Errors() {
			return nil, found
		}
		setup = *tree
	}
	setup = swanctl.Merge(setup, s.vici)
	setup.Files = source.Files
	t := swanctl.Translate(&setup)
	s.texts = t.Texts()
	cfg, more := t.Load(source, s.main)
	return cfg, append(found, more...)
}

// files is where the configuration is read from.
func (s *sources) files() fs.FS {
	below := config.System(time.Time{}).Files
	over := maps.Clone(s.texts)
	if s.candidate != nil {
		if over == nil {
			over = make(map[string][]byte)
		}
		over[s.main] = s.candidate
	}
	if len(over) == 0 {
		return below
	}
	return config.Overlay{Below: below, Files: over}
}
