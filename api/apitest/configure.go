package apitest

import (
	"context"

	"culvert/api"
	"culvert/config"
)

// Configuration implements api.Configurer.
func (f *Fake) Configuration(ctx context.Context) (api.Configuration, error) {
	return f.Configured, f.do(ctx, "configuration")
}

// Validate implements api.Configurer.
func (f *Fake) Validate(ctx context.Context, text string) (config.Diagnostics, error) {
	return f.Findings, f.do(ctx, "validate", text)
}

// Compare implements api.Configurer.
func (f *Fake) Compare(ctx context.Context, text string) (api.Comparison, error) {
	return f.Compared, f.do(ctx, "compare", text)
}

// Apply implements api.Configurer.
func (f *Fake) Apply(ctx context.Context, p api.Proposed) (api.Pending, error) {
	return api.Pending{ID: "1", Caller: api.CallerOf(ctx).Name, Changes: f.Applied}, f.do(ctx, "apply", p.Text, p.ConfirmWithin)
}

// Confirm implements api.Configurer.
func (f *Fake) Confirm(ctx context.Context, id string) error { return f.do(ctx, "confirm", id) }

// Rollback implements api.Configurer.
func (f *Fake) Rollback(ctx context.Context, id string) error { return f.do(ctx, "rollback", id) }
