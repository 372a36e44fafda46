package daemon

import (
	"io/fs"
	"maps"
	"time"

	"culvert/config"
	"culvert/explain"
	"culvert/swanctl"
)

// sources are what the running configuration is made of. They are a value: whoever changes them changes a copy, and what it
// points to is never written to.
type sources struct {
	main      string        // absolute path of the configuration; "": there is none
	candidate []byte        // what takes the place of the text of main; nil: nothing does
	tree      string        // absolute path of a folder as /etc/swanctl, or of a file as its swanctl.conf; "": there is none
	vici      swanctl.Setup // what clients of VICI have loaded
	desk      *tokenDesk    // reads tokens
	waits     bool          // for tokens; else what is not read yet is missing

	texts    map[string][]byte     // what tree and vici come to as configuration, by path, since load
	inTokens []swanctl.Certificate // certificates in tokens, since load
}

// waiting returns sources that wait for tokens. The caller does not hold Daemon.reloading.
func (s sources) waiting() sources {
	s.waits = true
	return s
}

// load reads the configuration that the sources make. If it needs tokens that are not read yet, and sources do not wait, the desk
// knows what is missing, and the result is of no use.
func (s *sources) load(now time.Time) (*config.Config, config.Diagnostics) {
	cfg, found := s.read(now)
	if !s.waits && s.desk.lacks() {
		return nil, append(found, config.Diagnostic{Severity: config.Error, Code: explain.ConfigKeyStore, Message: errUnread.Error()})
	}
	return cfg, found
}

func (s *sources) read(now time.Time) (*config.Config, config.Diagnostics) {
	source := config.System(now)
	source.Files = s.files()
	visit, found := s.visit(&source)
	visit.lend(&source)
	var setup swanctl.Setup
	if s.tree != "" {
		tree, more := swanctl.ReadTree(source.Files, s.tree, visit)
		if found = append(found, more...); found.Errors() {
			return nil, found
		}
		setup = *tree
	}
	setup = swanctl.Merge(setup, s.vici)
	setup.Files, setup.Tokens = source.Files, visit
	if !setup.Empty() {
		found = append(found, s.gather(&setup, visit)...)
	}
	t := swanctl.Translate(&setup)
	s.texts = t.Texts()
	cfg, more := t.Load(source, s.main)
	return cfg, append(found, more...)
}

// visit asks tokens through the modules that the main file and the strongswan.conf beside a tree name.
func (s *sources) visit(source *config.Source) (v visit, found config.Diagnostics) {
	if s.tree != "" {
		source.Modules, found = swanctl.Modules(source.Files, s.tree)
	}
	return visit{tokenDesk: s.desk, modules: source.PKCS11(s.main), waits: s.waits}, found
}

// gather adds the certificates that are in tokens.
func (s *sources) gather(setup *swanctl.Setup, v visit) config.Diagnostics {
	before := len(setup.Certificates)
	found := setup.AddCertificates(v.modules)
	s.inTokens = setup.Certificates[before:]
	return found
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
