"""What `routerd doctor` looks at: one small function a question, each giving findings."""
