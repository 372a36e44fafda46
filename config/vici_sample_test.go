package config

import "culvert/explain"

func viciSamples() []sample {
	return []sample{
		{option: "socket", value: `"/run/charon.vici"`},
		{option: "socket", value: `"/run/../run/charon.vici"`, text: `"/run/charon.vici"`},
		{option: "socket", value: `"systemd://vici"`},
		{option: "socket", value: `"systemd://"`, code: badValue},
		{option: "socket", value: `"charon.vici"`, code: badValue},
		{option: "socket", value: `"unix:///run/charon.vici"`, code: badValue},
		{option: "socket", value: `7`, code: wrongType},
		{option: "group", value: `"vpn"`, with: `socket = "/run/charon.vici"`},
		{option: "group", value: `"v p n"`, with: `socket = "/run/charon.vici"`, code: badValue},
		{option: "group", value: `"vpn"`, code: explain.ConfigContradiction},
		{option: "group", value: `"vpn"`, with: `socket = "systemd://vici"`, code: explain.ConfigContradiction},
	}
}
