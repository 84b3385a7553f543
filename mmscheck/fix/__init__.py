"""Media and messages mended, and judged by every rule of lint before they are kept."""
