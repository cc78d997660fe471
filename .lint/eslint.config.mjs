import compat from "eslint-plugin-compat";
import es from "eslint-plugin-es-x";

const IN_EVERY_BROWSER = ["Array", "Infinity", "Math", "Uint32Array", "document", "window"];
// What MDN's tables of the compat plugin leave out: members of elements that the IE 11 engine lacks.
const MISSING_IN_IE_11 = [
  "after", "append", "before", "closest", "matches", "prepend", "remove", "replaceChildren", "replaceWith",
  "toggleAttribute",
];

export default [
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  es.configs["flat/restrict-to-es5"],
  compat.configs["flat/recommended"],
  {
    languageOptions: {
      ecmaVersion: 5,
      sourceType: "script",
      globals: Object.fromEntries(IN_EVERY_BROWSER.map((name) => [name, "readonly"])),
    },
    settings: { browsers: ["ie 11"], "es-x": { aggressive: true } },
    rules: {
      "es-x/no-iterator-prototype-foreach": "off", // of arrays it is ES5
      "es-x/no-typed-arrays": "off", // IE 11 has them, unlike the rest of ES2015
      "no-undef": "error",
      "no-unused-vars": ["error", { caughtErrors: "none" }], // ES5 has no catch without a name
      "no-restricted-properties": [
        "error",
        { object: "Math", property: "random", message: "It can be guessed: crypto.getRandomValues." },
        ...MISSING_IN_IE_11.map((property) => ({ property, message: "The IE 11 engine has no such thing." })),
      ],
    },
  },
];
