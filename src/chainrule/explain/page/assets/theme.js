/* The notebook's own choice of light or dark, where it tells: Jupyter, VS Code, marimo; else "", the system's. */
function themeOf({ jpThemeLight, vscodeThemeKind, theme }) {
  if (jpThemeLight) return jpThemeLight === "true" ? "light" : "dark";
  if (vscodeThemeKind) return vscodeThemeKind.includes("light") ? "light" : "dark";
  return ["light", "dark"].includes(theme) ? theme : "";
}
