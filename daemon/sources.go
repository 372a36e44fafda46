package daemon

import (
	"io/fs"
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
	source.Files = s.files()
	return source.Load(s.main)
}

// files is where the configuration is read from.
func (s *sources) files() fs.FS {
	below := config.System(time.Time{}).Files
	if s.candidate == nil {
		return below
	}
	return config.Overlay{Below: below, Files: map[string][]byte{s.main: s.candidate}}
}
