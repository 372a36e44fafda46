package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"culvert/api"
	"culvert/config"
	"culvert/explain"
)

// Configuration shows the configuration in use.
func (d *Daemon) Configuration(ctx context.Context) (api.Configuration, error) {
	d.useLoaded()
	d.reloading.Lock()
	defer d.reloading.Unlock()
	d.mu.Lock()
	cfg, loaded := d.config, d.loaded
	d.mu.Unlock()
	c := api.Configuration{Path: d.sources.main, Loaded: loaded, Files: []api.ConfigFile{}, Effective: cfg.Effective()}
	if api.CallerOf(ctx).Role >= api.Administer { // others could try out secrets with it
		c.Digest = d.sources.digest()
	}
	files := d.sources.files()
	for _, path := range cfg.Paths {
		text, err := fs.ReadFile(files, strings.TrimPrefix(path, "/"))
		if err != nil {
			text = []byte("# " + err.Error() + "\n") // it was there when it was read
		}
		c.Files = append(c.Files, api.ConfigFile{Path: path, Text: config.Redact(text)})
	}
	if t := d.trial.Load(); t != nil {
		c.Pending = &t.Pending
	}
	return c, nil
}

// digest returns that of the main file on the disk, "" if there is none.
func (s *sources) digest() string {
	text, err := os.ReadFile(s.main)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// drafted returns sources with a text in the place of the main file.
func (s sources) drafted(text string) (sources, error) {
	if s.main == "" {
		return s, api.NewProblem(http.StatusConflict, explain.ManageUnsupported, "change the files that it comes from, and run `culvert reload`", "the configuration has no main file")
	}
	s.candidate = []byte(text)
	return s, nil
}

// draft reads a text as if it were the main file.
func (d *Daemon) draft(text string) (*config.Config, config.Diagnostics, error) {
	d.reloading.Lock()
	current := d.sources
	d.reloading.Unlock()
	next, err := current.waiting().drafted(text)
	if err != nil {
		return nil, nil, err
	}
	cfg, found := next.load(time.Now())
	return cfg, found, nil
}

// Validate looks for mistakes in a text.
func (d *Daemon) Validate(_ context.Context, text string) (config.Diagnostics, error) {
	_, found, err := d.draft(text)
	return found, err
}

// Compare tells what a text would change.
func (d *Daemon) Compare(_ context.Context, text string) (api.Comparison, error) {
	cfg, found, err := d.draft(text)
	if err != nil {
		return api.Comparison{}, err
	}
	if cfg == nil {
		return api.Comparison{}, found.Err()
	}
	before := d.configuration()
	return api.Comparison{Reloaded: d.told(before, cfg, found), Alterations: config.Alterations(before, cfg)}, nil
}
