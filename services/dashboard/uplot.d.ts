/** Served beside the page's own files from node_modules/uplot/dist. */
export { default } from 'uplot'
