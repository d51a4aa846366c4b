import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    pool: "forks",
    // Most tests wait for other processes, so two cores carry twice as many.
    maxWorkers: 4,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "test/fakes/**/*.test.ts", "scripts/**/*.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "real",
          include: ["test/{providers,host,runtime,e2e,crash,sim,cli}/**/*.test.ts"],
          globalSetup: ["test/agents/install.ts"],
          testTimeout: 60_000,
        },
      },
    ],
  },
})
