package daemon

import (
	"context"

	"culvert/bugreport"
)

// Scrub takes the secrets of the configuration in use out of a text: those of files, of VICI and of the management interface.
func (d *Daemon) Scrub(_ context.Context, text []byte) ([]byte, int, error) {
	d.reloading.Lock()
	d.mu.Lock()
	cfg := d.config
	d.mu.Unlock()
	files := d.sources.files()
	d.reloading.Unlock()
	clean, removed := bugreport.NewScrubber(bugreport.SecretsOf(cfg, files)).Scrub(text)
	return clean, removed, nil
}
