package cli

import "github.com/spf13/cobra"

// examinations are the commands that look at what is there, and for what is wrong.
func (a *app) examinations() []*cobra.Command {
	return []*cobra.Command{a.doctorCommand(), a.probeCommand(), a.selftestCommand(), a.testCommand(), a.topCommand(), a.bugreportCommand()}
}
