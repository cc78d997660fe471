// The tables of doiuse leave some modern things out; they are told by name.
const UNKNOWN_TO_THE_TABLES = [
  "/gap$/", "/^place-/", "/^text-underline-/", "/^text-wrap/", "accent-color", "aspect-ratio", "rotate", "scale", "translate",
];

export default {
  plugins: ["stylelint-no-unsupported-browser-features"],
  reportDescriptionlessDisables: true,
  reportInvalidScopeDisables: true,
  reportNeedlessDisables: true,
  rules: {
    "plugin/no-unsupported-browser-features": [
      true,
      {
        browsers: ["ie 11"],
        ignore: [
          "calc", // in widths and places, where IE 11 has it
          "css-overflow", // `hidden`, which is as old as CSS 2
          "css-page-break", // page-break-inside, by its old name
          "flexbox", // its faults are written around: a basis of 0%, heights at the end of style.css
          "mdn-text-decoration-shorthand", // `underline` and `none` are no shorthand
          "outline", // but for outline-offset
          "wordwrap", // by its old name
        ],
      },
    ],
    "property-disallowed-list": UNKNOWN_TO_THE_TABLES,
    "declaration-property-value-disallowed-list": { "word-break": ["auto-phrase"] },
    "color-function-notation": "legacy",
    "hue-degree-notation": "number",
  },
};
