/** Surface, and source of each item, of a list that an import drew around a watch: nobody was shown it. */
export const DRAWN = 'drawn';
