package main

import (
	"os"

	"github.com/spf13/cobra"

	"culvert/demo"
)

// demoCommand shows the main job in a minute.
func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show two gateways and a tunnel between them",
		Long: `Demo brings up two gateways with a tunnel between them, sends packets through it, changes
keys under traffic, and draws what happened. With root each gateway is a daemon in a
network namespace of its own; without, both run in this process. Nothing stays behind.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			exe, err := os.Executable()
			if err != nil {
				return err
			}
			return demo.Run(cmd.Context(), demo.Options{Out: cmd.OutOrStdout(), Exe: exe, Root: os.Geteuid() == 0})
		},
	}
}
