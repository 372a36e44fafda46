package daemon

import (
	"time"

	"culvert/config"
)

// sources are what the running configuration is made of. They are a value: whoever changes them changes a copy, and what it
// points to is never written to.
type sources struct {
	main      string // absolute path of the configuration; "": there is none
	candidate []byte // what takes the place of the text of main; nil: nothing does
}

// load reads the configuration that the sources make.
func (s *sources) load(now time.Time) (*config.Config, config.Diagnostics) {
	source := config.System(now)
	if s.candidate != nil {
		source.Files = config.Overlay{Below: source.Files, Files: map[string][]byte{s.main: s.candidate}}
	}
	return source.Load(s.main)
}
