// Two pages; nothing else is configured.
export default { build: { rollupOptions: { input: ["index.html", "worker.html"] } } };
